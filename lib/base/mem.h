/* lib/base/mem.h - attributes, cleanup, checked sizes. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define CLEANUP(func)     __attribute__((cleanup(func)))
#define ARRAY_SIZE(a)     (sizeof(a) / sizeof((a)[0]))

/* Makes func##p(type *), for CLEANUP(func##p), of a destructor that takes the value. */
#define DEFINE_CLEANUP(type, func)                                                                 \
	static inline void func##p(type *p) /* NOLINT(bugprone-macro-parentheses): a type */       \
	{                                                                                          \
		if (*p)                                                                            \
			(void)func(*p);                                                            \
	}

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* Takes the descriptor out of *fd, so that its cleanup has nothing left to close. */
static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* False when the result does not fit; *ret is then unspecified. */
MUST_USE static inline bool size_add(size_t a, size_t b, size_t *ret)
{
	return !__builtin_add_overflow(a, b, ret);
}

MUST_USE static inline bool size_mul(size_t a, size_t b, size_t *ret)
{
	return !__builtin_mul_overflow(a, b, ret);
}
