package client

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// encodeJSON gives the JSON of a view or result, in which a list is never null.
func encodeJSON(v any) ([]byte, error) {
	p := reflect.New(reflect.TypeOf(v))
	p.Elem().Set(reflect.ValueOf(v))
	fillLists(p.Elem())
	b, err := json.Marshal(p.Interface())
	if err != nil {
		return nil, fmt.Errorf("client: encoding a view: %w", err)
	}
	return b, nil
}

// fillLists makes every nil slice empty, all the way down. The value belongs to
// the caller of encodeJSON, who made it for this purpose.
func fillLists(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fillLists(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				fillLists(f)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
			return
		}
		switch v.Type().Elem().Kind() {
		case reflect.Struct, reflect.Pointer, reflect.Slice:
			for i := range v.Len() {
				fillLists(v.Index(i))
			}
		}
	}
}
