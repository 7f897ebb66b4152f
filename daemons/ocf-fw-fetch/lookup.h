/* daemons/ocf-fw-fetch/lookup.h - the addresses of a host as the name servers of one link know
 * them, asked through that link. */
#pragma once

#include "child/proto.h"

/* Fills f->addresses if f->servers say whom to ask, which takes from f->connect_ms and
 * f->answer_ms. Ends early when something comes over `control`. 0: filled, or there is nothing to
 * look up; -ENOENT: the servers know that there is no address; -ETIMEDOUT: none of them has said
 * anything of use; -ECANCELED. */
MUST_USE int lookup(struct proto_fetch *f, int control);
