/* daemons/ocf-fwupd/helper.h - the loop's side of a connection to a helper. */
#pragma once

#include "child/child.h"
#include "child/proto.h"

struct loop;

/* A message came; NULL: the helper is gone or talks nonsense, and the connection is closed. */
typedef void (*helper_fn)(void *arg, const struct proto_msg *m);

struct helper {
	struct loop *loop;
	struct child_starter *starter;
	size_t program;
	const char *name; /* for the log */
	helper_fn fn;
	void *arg;
	int fd;     /* -1: closed */
	int passed; /* came with the message, for fn to take; -1: none */
};

/* Opens the connection unless it is open. */
MUST_USE int helper_open(struct helper *h);
/* What the helper does, it gives up. */
void helper_close(struct helper *h);
/* Takes a message that has come already, if there is one. */
void helper_pump(struct helper *h);
/* -ENOTCONN, or what proto_send() gave. */
MUST_USE int helper_send(struct helper *h, const struct proto_msg *m, int pass);
