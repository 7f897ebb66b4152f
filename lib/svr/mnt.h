/* lib/svr/mnt.h - /oic/mnt, maintenance: OCF Core oic.wk.mnt. */
#pragma once

#include "svr/route.h"

#define MNT_BODY_MAX ((size_t)64)

/* Body of an UPDATE: {"fr": bool}. False: anything else. A restart ("rb") is not offered: it is the
 * system's, not the service's. */
MUST_USE bool mnt_rep_parse(struct span body, bool *ret_reset);
void mnt_rep_write(const struct device *dev, struct buf *b);

/* fr = true is a RESET, as pstat.dos.s = 0. */
enum verdict mnt_post(struct exchange *x);
