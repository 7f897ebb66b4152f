/* daemons/ocf-fw-write/probe.h - whether an installation could go well, without one. */
#pragma once

#include "install.h"

/* One more problem (names: child/proto.h); beyond PROTO_PROBLEMS it is dropped. */
void probe_add(struct proto_probed *p, const char *name, const char *what, const char *text);

/* Everything that is known before the first octet is written. */
void probe_all(const struct install_config *config, struct backend *b, const struct runner *r,
	       const struct proto_probe *asked, struct proto_probed *ret);
