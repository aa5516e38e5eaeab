// Package corpus has what a Go file may have, for who compares two readers of it.
package corpus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	str "strings"
	"sync"
)

const Limit = 10

const (
	low, high = 1, 2
	middle
)

const (
	Open State = iota
	Closed
	_
	Gone
)

var ErrFull = errors.New("full")

var (
	mutex       sync.Mutex
	first, last *Todo
	table       = map[string]int{"a": 1}
	_           io.Writer = (*Log)(nil)
)

type State int

type (
	ID    = string
	Names []string
	Visit func(*Todo) error
	Index map[ID]*Todo
	Feed  chan<- Todo
)

type Todo struct {
	Base
	*Log
	sync.Locker
	Title, note string `json:"title"`
	State       State
	tags        []string
	next        *Todo
	when        struct {
		year, month int
	}
	visit func(t *Todo) error
}

type Base struct{ id ID }

type Log struct {
	lines []string
}

type Empty struct{}

type Saver interface {
	io.Closer
	Save(ctx context.Context, todo *Todo) error
	Load(id ID) (todo *Todo, err error)
}

type Any interface{}

type Number interface {
	~int | ~int64 | ~float64
}

type Stack[T any] struct {
	items []T
}

type Pair[K comparable, V any] struct {
	Key   K
	Value V
}

func New(title string, tags ...string) *Todo {
	todo := &Todo{Title: title, tags: tags}
	const local = 1
	var other = local
	type inner struct{ x int }
	_ = inner{x: other}
	return todo
}

func (t *Todo) Save(ctx context.Context) error {
	if t.Title == "" {
		return ErrFull
	}
	sort.Slice(t.tags, func(i, j int) bool {
		return t.tags[i] < t.tags[j]
	})
	return nil
}

func (t Todo) String() string { return fmt.Sprint(t.Title, str.ToUpper(t.note)) }

func (*Log) Write(line []byte) (int, error) {
	return len(line), nil
}

func (s State) Next() State {
	switch s {
	case Open:
		return Closed
	default:
		return Gone
	}
}

func (n Names) Len() int           { return len(n) }
func (n Names) Less(i, j int) bool { return n[i] < n[j] }
func (n Names) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }

func (s *Stack[T]) Push(item T) {
	s.items = append(s.items, item)
}

func (p Pair[K, V]) Swap() (V, K) { return p.Value, p.Key }

func Map[T, U any](items []T, f func(T) U) []U {
	mapped := make([]U, 0, len(items))
	for _, item := range items {
		mapped = append(mapped, f(item))
	}
	return mapped
}

func Max[N Number](one, other N) N {
	if one > other {
		return one
	}
	return other
}

func init() {
	mutex.Lock()
	defer mutex.Unlock()
	table["b"] = middle
}

func external(x int) int

func main() {
	run := func(name string) error {
		return New(name).Save(context.Background())
	}
	if err := run("x"); err != nil {
		panic(err)
	}
}
