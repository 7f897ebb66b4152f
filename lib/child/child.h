/* lib/child/child.h - connections to sandboxed helper programs.
 *
 * Where systemd offers a socket for the helper, we connect to it and get an instance of its own.
 * Elsewhere a small process of ours, forked before the caller gives up root, starts the program as
 * its own user, with an empty environment and no descriptor but the connection. Either way the
 * helper lives as long as its connection, and its end is seen as the end of the connection. */
#pragma once

#include "base/mem.h"

struct child_program {
	const char *socket;   /* offered by systemd: /run/ocfgw/x.sock */
	const char *path;     /* the program */
	const char *user;     /* static user to become, when started by root; NULL: none */
	const char *argument; /* its only one; NULL: none */
};

struct child_starter; /* opaque */

/* Forks the starting process if one of the sockets is not there. `programs` are borrowed for life.
 * Before threads and before child_become(). -ENOMEM, or what fork gave. */
MUST_USE int child_starter_new(struct child_starter **ret, const struct child_program *programs,
			       size_t n);
/* Ends the starting process; helpers live on with their connections. Accepts NULL, returns NULL. */
struct child_starter *child_starter_free(struct child_starter *s);
DEFINE_CLEANUP(struct child_starter *, child_starter_free)

/* A SEQPACKET connection (lib/child/proto.h) to a new helper, owned by the caller. -ENOENT: no such
 * program or user; -ECONNREFUSED ...: what connecting gave. */
MUST_USE int child_open(struct child_starter *s, size_t program, int *ret_fd);

/* Root becomes `user` for good, without groups and capabilities; others stay who they are. Nobody
 * gains rights by a program any more (no_new_privs). -ENOENT: no such user. */
MUST_USE int child_become(const char *user);
/* The same where no users are known: root becomes whoever owns `path`. */
MUST_USE int child_become_owner(const char *path);
