package mls

// nistSuites is empty: a browser's core does without the curves of NIST, and is
// the smaller for it.
func nistSuites() []*suite { return nil }
