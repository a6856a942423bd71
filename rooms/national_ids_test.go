package rooms_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/rooms"
)

func TestNationalNumbers(t *testing.T) {
	for name, tc := range map[string]struct {
		check          func(string) error
		valid, invalid []string
	}{
		"INS": {
			rooms.CheckINS,
			[]string{"154072A99900406", "266122B99900556", "238059999900106", "161119999900291", "217029999900315"},
			[]string{"238059999900100", "", "23805999990010", "2380599999001061", "1540722A9900406", "154072C99900406", "15407AA99900406", "+38059999900106", "238059999900+06", "154072A999004 6"},
		},
		"RPPS": {
			rooms.CheckRPPS,
			[]string{
				"99900000102", "99900000110", "99900000128", "99900000136", "99900000144", "99900000151", "99900000169",
				"99900000177", "99900000185", "99900000193", "99900000201", "99900000219", "899900000102",
			},
			[]string{"99900000103", "", "9990000010", "999000001020", "9990000010X", "799900000102"},
		},
		"FINESS": {
			rooms.CheckFINESS,
			[]string{"990000010", "990000028"},
			[]string{"990000011", "", "99000001", "9900000100", "99000001A"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range tc.valid {
				require.NoError(t, tc.check(s), s)
			}
			for _, s := range tc.invalid {
				requireCode(t, rooms.CodeInvalid, tc.check(s))
			}
		})
	}
}

func TestRoleCodesAreUniqueAndSorted(t *testing.T) {
	last := ""
	for _, r := range rooms.Roles() {
		require.Less(t, last, r.Code)
		last = r.Code
		got, ok := rooms.RoleOf(r.Code)
		require.True(t, ok)
		require.Equal(t, r, got)
	}
	_, ok := rooms.RoleOf("ASTRONAUT")
	require.False(t, ok)
}
