package media

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// offerDescription is what the node needs to know of a client's offer.
type offerDescription struct {
	origin uint64            // session id, which tells one RTCPeerConnection from another
	media  map[string]Medium // sections in which the client sends, by MID
	text   string            // the offer as it is given to pion
}

// readOffer checks an offer and the list of its tracks.
func readOffer(text string, tracks []Track) (offerDescription, error) {
	var none offerDescription
	desc, err := parseSDP(text)
	if err != nil {
		return none, err
	}
	if len(desc.MediaDescriptions) > MaxSections {
		return none, fmt.Errorf("%w: %d media sections", ErrTooLarge, len(desc.MediaDescriptions))
	}
	media := make(map[string]Medium, len(tracks))
	for _, t := range tracks {
		if _, twice := media[t.MID]; twice || t.MID == "" || !t.Medium.valid() {
			return none, fmt.Errorf("%w: list of tracks", ErrTracks)
		}
		for _, m := range media {
			if m == t.Medium {
				return none, fmt.Errorf("%w: two of %s", ErrTracks, t.Medium)
			}
		}
		media[t.MID] = t.Medium
	}
	sending := 0
	for _, section := range desc.MediaDescriptions {
		if !sends(section, desc) {
			if _, listed := media[mid(section)]; listed {
				return none, fmt.Errorf("%w: a section that does not send is listed", ErrTracks)
			}
			continue
		}
		sending++
		medium, listed := media[mid(section)]
		if !listed {
			return none, fmt.Errorf("%w: a section that sends is not listed", ErrTracks)
		}
		if err := checkSending(section, medium); err != nil {
			return none, err
		}
	}
	if sending != len(media) {
		return none, fmt.Errorf("%w: a listed section does not exist", ErrTracks)
	}
	text, err = withoutInactive(desc)
	if err != nil {
		return none, err
	}
	return offerDescription{origin: desc.Origin.SessionID, media: media, text: text}, nil
}

// withoutInactive writes an offer in which "inactive" sections are "recvonly":
// they are answered with "inactive" all the same. Pion stops the receiver of a
// section that is inactive, and when it is inactive in two offers in a row the
// section cannot be used again.
func withoutInactive(desc *sdp.SessionDescription) (string, error) {
	for _, section := range desc.MediaDescriptions {
		for i, a := range section.Attributes {
			if a.Key == "inactive" && section.MediaName.Port.Value != 0 {
				section.Attributes[i].Key = "recvonly"
			}
		}
	}
	b, err := desc.Marshal()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSDP, err)
	}
	return string(b), nil
}

// checkSending checks a section in which the client sends.
func checkSending(section *sdp.MediaDescription, medium Medium) error {
	want, codec := "audio", "opus/48000/2"
	if medium.Video() {
		want, codec = "video", "VP8/90000"
	}
	if section.MediaName.Media != want {
		return fmt.Errorf("%w: %s in a section of %s", ErrTracks, medium, want)
	}
	for _, a := range section.Attributes {
		if a.Key == "simulcast" || a.Key == "rid" {
			return fmt.Errorf("%w: simulcast", ErrSDP)
		}
	}
	for _, a := range section.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		pt, name, _ := strings.Cut(a.Value, " ")
		if strings.EqualFold(name, codec) && slices.Contains(section.MediaName.Formats, pt) {
			return nil
		}
	}
	return ErrCodec
}

// checkAnswer checks that an answer can be one to offer.
func checkAnswer(text, offer string) error {
	desc, err := parseSDP(text)
	if err != nil {
		return err
	}
	var offered sdp.SessionDescription
	if err := offered.UnmarshalString(offer); err != nil {
		return fmt.Errorf("media: reading the own offer: %w", err)
	}
	if len(desc.MediaDescriptions) != len(offered.MediaDescriptions) {
		return fmt.Errorf("%w: answer of %d sections to an offer of %d", ErrSDP,
			len(desc.MediaDescriptions), len(offered.MediaDescriptions))
	}
	for i, section := range desc.MediaDescriptions {
		o := offered.MediaDescriptions[i]
		if mid(section) != mid(o) || section.MediaName.Media != o.MediaName.Media {
			return fmt.Errorf("%w: sections of the answer are not those of the offer", ErrSDP)
		}
	}
	return nil
}

// parseSDP parses a description and checks what every one must have.
func parseSDP(text string) (*sdp.SessionDescription, error) {
	if len(text) > MaxSDP {
		return nil, fmt.Errorf("%w: description of %d bytes", ErrTooLarge, len(text))
	}
	desc := new(sdp.SessionDescription)
	if err := desc.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("%w: not parsable", ErrSDP)
	}
	if len(desc.MediaDescriptions) == 0 {
		return nil, fmt.Errorf("%w: no media section", ErrSDP)
	}
	for _, key := range []string{"ice-ufrag", "ice-pwd", "fingerprint"} {
		if !hasAttribute(desc, key) {
			return nil, fmt.Errorf("%w: no %s", ErrSDP, key)
		}
	}
	mids := make(map[string]bool)
	for _, section := range desc.MediaDescriptions {
		m := mid(section)
		if m == "" || len(m) > MaxName || mids[m] {
			return nil, fmt.Errorf("%w: MID of a media section", ErrSDP)
		}
		mids[m] = true
		if k := section.MediaName.Media; k != "audio" && k != "video" {
			return nil, fmt.Errorf("%w: a media section is neither audio nor video", ErrSDP)
		}
	}
	return desc, nil
}

func hasAttribute(desc *sdp.SessionDescription, key string) bool {
	if v, ok := desc.Attribute(key); ok && v != "" {
		return true
	}
	for _, section := range desc.MediaDescriptions {
		if v, ok := section.Attribute(key); ok && v != "" {
			return true
		}
	}
	return false
}

func mid(section *sdp.MediaDescription) string {
	m, _ := section.Attribute("mid")
	return m
}

// sends says whether the one who wrote the section sends in it (RFC 8829,
// section 5.2.1; RFC 9143, section 6, for port 0).
func sends(section *sdp.MediaDescription, desc *sdp.SessionDescription) bool {
	if _, bundled := section.Attribute("bundle-only"); section.MediaName.Port.Value == 0 && !bundled {
		return false
	}
	for _, attributes := range [][]sdp.Attribute{section.Attributes, desc.Attributes} {
		for _, a := range attributes {
			switch a.Key {
			case "sendrecv", "sendonly":
				return true
			case "recvonly", "inactive":
				return false
			}
		}
	}
	return true
}
