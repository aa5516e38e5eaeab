/* Keeps todos in a list. */

#include <stdio.h>
#include "fixture.h"

#define LIMIT 10
#define AREA(w, h) ((w) * (h)) // of a rectangle

/** How far it is. */
enum state {
    STATE_OPEN,
    STATE_DONE = 2, /* trailing, of done */
    STATE_CLOSED
};

/* One todo. */
struct todo {
    const char *title;
    struct todo *next, **previous;
    unsigned done : 1; // a bit
    int (*compare)(const struct todo *, const struct todo *);
    union {
        int number;
        double real;
    } value;
};

typedef struct {
    struct todo *first;
    size_t length;
} List;

typedef struct node {
    int key;
} node_t;

typedef struct Same { int x; } Same;
typedef unsigned long word_t, *word_p;
typedef int (*visitor)(struct todo *, void *);

static int count = 0, total;
const int most = 5;
extern int elsewhere;
const char *names[] = { "open", "done" };
int (*hook)(int);

static int measure(const char *text);

/** Adds a todo. */
int
list_add(List *list, struct todo *todo)
{
    List *other = list;
    if (!list || list->length >= LIMIT)
        return -1;
    for (struct todo *at = list->first; at != NULL; at = at->next) {
        switch (at->done) {
        case 0:
            printf("%d\n", AREA(1, 2));
            break;
        case 1:
        default:
            measure(at->title);
        }
    }
    hook(todo->done ? 1 : 0);
    todo->compare(todo, other->first);
    list_grow(other);
    return (*hook)(1);
}

static int measure(const char *text) { return (int)strlen(text); }

void (*signal_of(int number))(int)
{
    return handlers[number];
}

struct todo *list_first(void) { return 0; }

int old_style(a, b)
    int a;
    char *b;
{
    return a;
}

int variadic(const char *format, ...) { return 0; }

#ifdef DEBUG
static void dump(void) { }
#else
#define dump() ((void)0)
#endif
