package mail

import (
	"fmt"
	"time"

	ics "github.com/arran4/golang-ical"
)

const (
	localTime = "20060102T150405" // RFC 5545, 3.3.5, form 1
	product   = "-//Ensemble//RCP//FR"
)

// calendar is the invitation as iCalendar (RFC 5545) and scheduling message
// (RFC 5546): one entry, with the sender as organiser and the invitee as the
// only attendee.
func (i Invitation) calendar(zone *time.Location, t texts) []byte {
	c := ics.NewCalendar()
	c.SetProductId(product)
	c.SetCalscale("GREGORIAN")
	c.SetMethod(ics.Method(i.method()))
	if zone != time.UTC {
		c.AddVTimezone(i.timezone(zone))
	}

	e := c.AddEvent(i.Session + "@" + i.Link.Hostname())
	e.SetDtStampTime(i.Now)
	e.SetSequence(i.Sequence)
	i.setTime(e, ics.ComponentPropertyDtStart, i.Starts, zone)
	i.setTime(e, ics.ComponentPropertyDtEnd, i.ends(), zone)
	e.SetSummary(t.summary)
	e.SetDescription(t.description)
	e.SetURL(i.Link.String())
	e.SetClass(ics.ClassificationPrivate)
	e.SetTimeTransparency(ics.TransparencyOpaque)
	e.SetStatus(ics.ObjectStatusConfirmed)
	if i.Cancelled {
		e.SetStatus(ics.ObjectStatusCancelled)
	}
	e.SetOrganizer(i.From)
	// The answer is given in the client, not by mail.
	e.AddAttendee(i.To, ics.ParticipationRoleReqParticipant, ics.ParticipationStatusNeedsAction, ics.WithRSVP(false))
	return []byte(c.Serialize(ics.WithNewLine("\r\n")))
}

func (i Invitation) setTime(e *ics.VEvent, property ics.ComponentProperty, t time.Time, zone *time.Location) {
	if zone == time.UTC {
		e.SetProperty(property, t.UTC().Format(localTime)+"Z")
		return
	}
	e.SetProperty(property, t.In(zone).Format(localTime), &ics.KeyValues{Key: string(ics.ParameterTzid), Value: []string{i.Zone}})
}

// timezone describes the zone around the session, as a calendar needs that
// does not know it by name: what holds when it starts, and what holds when it
// ends, if the clocks change in between.
func (i Invitation) timezone(zone *time.Location) *ics.VTimezone {
	tz := ics.NewTimezone(i.Zone)
	observance(tz, i.Starts.In(zone))
	if _, end := i.Starts.In(zone).ZoneBounds(); !end.IsZero() && !end.After(i.ends()) {
		observance(tz, end)
	}
	return tz
}

// observance adds the rule that holds at an instant, from when it began.
func observance(tz *ics.VTimezone, at time.Time) {
	name, offset := at.Zone()
	began, _ := at.ZoneBounds()
	before := offset
	if began.IsZero() { // it always held
		began = time.Date(1970, 1, 1, 0, 0, 0, 0, at.Location())
	} else {
		_, before = began.Add(-time.Second).Zone()
	}
	set := func(c *ics.ComponentBase) {
		// The onset is told in the time that held before it.
		c.SetProperty(ics.ComponentPropertyDtStart, began.UTC().Add(time.Duration(before)*time.Second).Format(localTime))
		c.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetfrom), utcOffset(before))
		c.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetto), utcOffset(offset))
		c.SetProperty(ics.ComponentProperty(ics.PropertyTzname), name)
	}
	if at.IsDST() {
		d := &ics.Daylight{}
		set(&d.ComponentBase)
		tz.Components = append(tz.Components, d)
		return
	}
	set(&tz.AddStandard().ComponentBase)
}

// utcOffset is an offset from UTC as RFC 5545, 3.3.14 has it: +0200.
func utcOffset(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	text := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		text += fmt.Sprintf("%02d", seconds%60)
	}
	return text
}
