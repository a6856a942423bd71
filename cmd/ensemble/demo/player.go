package demo

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ensemble-sante/ensemble/client"
)

// Player is a persona with a running core: what a person would do by hand, a
// scenario does through it.
type Player struct {
	Persona
	Core *client.Core
	HTTP client.Doer // with the session of the device
	User client.ID
}

// Do gives a command to the core and decodes its result into R.
func Do[R any](ctx context.Context, p *Player, method string, args any) (R, error) {
	var result R
	in, err := json.Marshal(args)
	if err != nil {
		return result, fmt.Errorf("demo: encoding the arguments of %s: %w", method, err)
	}
	out, err := p.Core.Call(ctx, method, in)
	if err != nil {
		return result, fmt.Errorf("demo: %s for %s: %w", method, p.Key, err)
	}
	if len(out) == 0 {
		return result, nil
	}
	if err := json.Unmarshal(out, &result); err != nil {
		return result, fmt.Errorf("demo: decoding the result of %s: %w", method, err)
	}
	return result, nil
}

// Act gives a command without result.
func Act(ctx context.Context, p *Player, method string, args any) error {
	_, err := Do[struct{}](ctx, p, method, args)
	return err
}

// Await watches a view until ready says yes, and returns that snapshot.
func Await[V any](ctx context.Context, p *Player, view string, params any, ready func(V) bool) (V, error) {
	var last V
	in, err := json.Marshal(params)
	if err != nil {
		return last, fmt.Errorf("demo: encoding the params of %s: %w", view, err)
	}
	pushed := make(chan V, 1)
	failed := make(chan error, 1)
	cancel, err := p.Core.Watch(view, in, func(b []byte) {
		var v V
		if err := json.Unmarshal(b, &v); err != nil {
			select {
			case failed <- fmt.Errorf("demo: decoding the view %s: %w", view, err):
			default:
			}
			return
		}
		// Only the newest snapshot matters.
		for {
			select {
			case pushed <- v:
				return
			default:
			}
			select {
			case <-pushed:
			default:
			}
		}
	})
	if err != nil {
		return last, fmt.Errorf("demo: watching %s for %s: %w", view, p.Key, err)
	}
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			state, _ := json.Marshal(last)
			return last, fmt.Errorf("demo: waiting for %s of %s (last seen: %.6000s): %w", view, p.Key, state, ctx.Err())
		case err := <-failed:
			return last, err
		case last = <-pushed:
			if ready(last) {
				return last, nil
			}
		}
	}
}
