/* tools/ocfctl/outcome.h - how something about firmware ended, in words and as an exit status. */
#pragma once

#include "ctl.h"

/* Of a job: `o` has the members Result, Error and Text. Prints the last line of output (JSON: the
 * object with Advice, in one line). */
enum ctl_exit outcome_of_job(const struct ctl *ctl, const char *verb, struct jsn *o);
/* An entry of the history with the names that a job's properties have. Owned by the caller. */
struct jsn *outcome_from_entry(const struct jsn *entry);
/* The exit status alone, of an entry's or a job's result and error. */
enum ctl_exit outcome_status(const char *result, const char *error);
/* What to do about an error by its name; "": nothing is known. */
const char *outcome_advice(const char *error);
/* Of a call that failed: as ctl_fail(), with advice if it is an error of ocf-fwupd. */
enum ctl_exit outcome_of_call(const struct ctl *ctl, const char *verb, int r,
			      const struct client_error *error);
