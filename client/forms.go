package client

import "context"

// Limits of what is kept of a form.
const (
	maxFormName = 64
	maxFormText = 256 << 10
)

func checkForm(name string) error {
	if name == "" || len(name) > maxFormName {
		return invalidField("form", "the name of a form")
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return invalidField("form", "the name of a form")
		}
	}
	return nil
}

// formKeep keeps a form half filled in: a reload, or a phone that closes the tab,
// loses nothing, and nothing clinical lies unsealed on the device.
func formKeep(ctx context.Context, c *Core, args FormArgs) error {
	if err := checkForm(args.Form); err != nil {
		return err
	}
	if len(args.Text) > maxFormText {
		return invalidField("text", "a form too long to keep")
	}
	return c.do(ctx, func(e *engine) error {
		var b []byte
		if args.Text != "" {
			b = []byte(args.Text)
		}
		e.put(keyForm+args.Form, b)
		return nil
	})
}

func formRead(ctx context.Context, c *Core, args FormRef) (Form, error) {
	if err := checkForm(args.Form); err != nil {
		return Form{}, err
	}
	var form Form
	err := c.do(ctx, func(e *engine) error {
		b, err := e.store.get(ctx, keyForm+args.Form)
		form.Text = string(b)
		return err
	})
	return form, err
}
