/* lib/bus/journal.h - entries with fields of their own for the systemd journal. */
#pragma once

#include "base/mem.h"

/* Does standard error lead to the journal (JOURNAL_STREAM, systemd.exec(5))? */
bool journal_is_there(void);

#define JOURNAL_FIELDS_MAX ((size_t)16)

struct journal_field {
	const char *name;  /* "OCFGW_EVENT" */
	const char *value; /* NULL: leave the field out */
};
/* One entry. `priority` as syslog(3). 0; -errno of the journal, which may be away for a while. */
MUST_USE int journal_send(int priority, const char *message, const struct journal_field *fields,
			  size_t n);
