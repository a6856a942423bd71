package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// sources are the comments and constants of the packages whose types are
// written, by package name and type.
type sources struct {
	types  map[string]string   // "client.Alarm" → comment
	fields map[string]string   // "client.Alarm.Room" → comment
	consts map[string][]string // "rooms.PositionCode" → values in source order
}

func readSources(dirs ...string) (*sources, error) {
	s := &sources{map[string]string{}, map[string]string{}, map[string][]string{}}
	for _, dir := range dirs {
		paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return nil, err
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("no Go source in %s", dir)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, fmt.Errorf("reading the comments of %s: %w", filepath.Base(path), err)
			}
			s.read(f)
		}
	}
	return s, nil
}

func (s *sources) read(f *ast.File) {
	for _, decl := range f.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				name := f.Name.Name + "." + spec.Name.Name
				doc := spec.Doc.Text()
				if doc == "" && !d.Lparen.IsValid() {
					doc = d.Doc.Text()
				}
				s.types[name] = doc
				if t, ok := spec.Type.(*ast.StructType); ok {
					s.readFields(name, t)
				}
			case *ast.ValueSpec:
				s.readConstants(f.Name.Name, d.Tok, spec)
			}
		}
	}
}

func (s *sources) readFields(name string, t *ast.StructType) {
	for _, f := range t.Fields.List {
		text := strings.TrimSpace(f.Doc.Text() + f.Comment.Text())
		for _, n := range f.Names {
			s.fields[name+"."+n.Name] = text
		}
	}
}

func (s *sources) readConstants(pkg string, tok token.Token, spec *ast.ValueSpec) {
	ident, ok := spec.Type.(*ast.Ident)
	if tok != token.CONST || !ok {
		return
	}
	for _, v := range spec.Values {
		lit, ok := v.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			continue
		}
		if text, err := strconv.Unquote(lit.Value); err == nil {
			key := pkg + "." + ident.Name
			s.consts[key] = append(s.consts[key], text)
		}
	}
}

func (s *sources) typeDoc(t reflect.Type) string { return s.types[t.String()] }

func (s *sources) fieldDoc(t reflect.Type, field string) string {
	return s.fields[t.String()+"."+field]
}

func (s *sources) constants(t reflect.Type) []string { return s.consts[t.String()] }
