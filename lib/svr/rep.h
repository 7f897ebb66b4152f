/* lib/svr/rep.h - values that several representations share. */
#pragma once

#include "codec/cbr.h"
#include "svr/access.h"

/* A UUID as text. */
struct uuid rep_uuid(struct cbr *c);
/* As a known name comes: notes it in *seen, a second time spoils the message. */
void rep_seen(struct cbr *c, unsigned *seen, enum property property);
