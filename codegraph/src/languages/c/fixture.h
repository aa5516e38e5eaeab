#ifndef FIXTURE_H
#define FIXTURE_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct list list_t;
struct forward;

/* Grows a list. */
int list_grow(struct list *list);
extern const int most;
static inline int twice(int x) { return 2 * x; }

#ifdef __cplusplus
}
#endif

#endif
