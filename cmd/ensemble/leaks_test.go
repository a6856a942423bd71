package main

func (j *job) requireNothingLeaked() {}
