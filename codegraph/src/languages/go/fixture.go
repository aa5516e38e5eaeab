// Package todo keeps todos.
package todo

import (
	"context"
	"fmt"
	_ "net/http/pprof"

	. "example.com/todo/words"
	db "example.com/todo/storage"
	"github.com/google/uuid/v2"
)

// Limit is how many there may be.
const Limit = 10

const (
	// Open is not done.
	Open State = iota
	done // trailing, of done
	Closed
)

var (
	ErrFull, errEmpty = fmt.Errorf("full"), newError()
	shared            = &Store{}
	_       Saver     = (*Store)(nil)
)

// State says how far it is.
type State int

// ID names a todo.
type ID = uuid.UUID

// Saver saves.
type Saver interface {
	fmt.Stringer
	Closer
	// Save saves it.
	Save(ctx context.Context, id ID) error
}

type Number interface {
	~int | ~float64
}

type handler func(string) error

// Todo is one of them.
type Todo struct {
	*Base
	db.Row
	Title, note string
	store       *db.Store // where it is kept
	states      map[string]State
	inner       struct{ deep int }
}

// Title comes with what it belongs to.
func (t *Todo) Save(ctx context.Context, id ID) error {
	defer t.store.Close()
	if t.Title == "" && t.note == "" || id == "" {
		return ErrFull
	}
	for _, state := range t.states {
		switch state {
		case Open:
			t.rename("x")
		case done, Closed:
			fmt.Println(state)
		default:
			panic("state")
		}
	}
	go func() {
		t.rename("later")
	}()
	return db.Put[Todo](ctx, t)
}

func (t *Todo) rename(name string) { t.Title = name }

func (State) String() string { return "state" }

func (s *Store) Len() int { return len(s.rows) }

func (s *Store) Clear() { s.rows = nil }

type Pair[K comparable, V any] struct {
	Key   K
	Value V
}

func (p *Pair[K, V]) Get(key K) (V, error) {
	var zero V
	return zero, nil
}

// New makes one.
func New(title string, others ...*Todo) *Todo {
	type local struct{ kept bool }
	todo := &Todo{Title: title}
	plain, err := Pair[string, int]{}, error(nil)
	var row db.Row
	made := new(Todo)
	unknown := newError()
	todo.rename(title)
	plain.Get(title)
	row.Scan()
	made.rename(title)
	unknown.Wrap(err)
	return todo
}

func newError() error { return nil }
