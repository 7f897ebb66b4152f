/* tools/ocf-obt/input.h - lines that a person types, or a script writes, while the loop runs. */
#pragma once

#include "bus/loop.h"

#define INPUT_LINE_MAX ((size_t)256)

/* `line` is borrowed and wiped afterwards; NULL: the end came first, or it was too long. */
typedef void (*input_fn)(void *arg, const char *line);

struct input {
	struct loop *loop;
	int fd;
	bool owned; /* the descriptor is ours to close */
	input_fn fn;
	void *arg;
	char text[INPUT_LINE_MAX];
	size_t len;
};

void input_init(struct input *in, struct loop *loop, int fd);
/* Opens a file, FIFO or device for the next lines; "-" keeps standard input. -errno. */
MUST_USE int input_open(struct input *in, struct loop *loop, const char *path);
void input_done(struct input *in); /* wipes; needs the loop */
/* Calls fn once with the next line, at the earliest from the loop unless it is there already. */
MUST_USE int input_line(struct input *in, input_fn fn, void *arg);
