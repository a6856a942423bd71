package rooms

import (
	"strconv"
	"strings"
)

// Object identifiers of the national health identity (INS).
const (
	OIDNIR  = "1.2.250.1.213.1.4.8"
	OIDNIA  = "1.2.250.1.213.1.4.9"
	OIDTest = "1.2.250.1.213.1.4.10"
)

// CheckINS checks a national health identity: 13 characters and the two digits of its
// key, 97 − (the 13 modulo 97), where the Corsican departments 2A and 2B count as 19
// and 18. Errors have CodeInvalid and the field "ins".
func CheckINS(s string) error {
	if len(s) != 15 {
		return invalid("ins", "an INS has 15 characters")
	}
	body := s[:13]
	switch body[5:7] {
	case "2A":
		body = body[:5] + "19" + body[7:]
	case "2B":
		body = body[:5] + "18" + body[7:]
	}
	if !digits(body) || !digits(s[13:]) {
		return invalid("ins", "an INS is made of digits")
	}
	n, err := strconv.ParseUint(body, 10, 64)
	if err != nil {
		return invalid("ins", "an INS is made of digits")
	}
	key, err := strconv.ParseUint(s[13:], 10, 64)
	if err != nil || key != 97-n%97 {
		return invalid("ins", "the key of the INS does not fit")
	}
	return nil
}

// CheckRPPS checks the number of a health professional: 11 digits, Luhn; the national
// form, 8 and the number, is accepted too. Errors have CodeInvalid and the field "rpps".
func CheckRPPS(s string) error {
	if len(s) == 12 && strings.HasPrefix(s, "8") {
		s = s[1:]
	}
	if len(s) != 11 || !digits(s) || !luhn(s) {
		return invalid("rpps", "not an RPPS number")
	}
	return nil
}

// CheckFINESS checks the number of an establishment: 9 digits, Luhn. Errors have
// CodeInvalid and the field "finess".
func CheckFINESS(s string) error {
	if len(s) != 9 || !digits(s) || !luhn(s) {
		return invalid("finess", "not a FINESS number")
	}
	return nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// luhn checks the last digit of a number by the algorithm of ISO/IEC 7812-1.
func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
