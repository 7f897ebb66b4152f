/* tools/ocfctl/progress.h - the course of a job in one line, for a terminal or a log. Pure. */
#pragma once

#include "codec/jsn.h"

#define PROGRESS_LINE ((size_t)160)

/* "downloading  [#######------]  42 %  12.3 of 30.0 MiB  1.2 MiB/s  0:15 left", at most `columns`
 * wide, from a job's properties. */
void progress_bar(const struct jsn *job, unsigned columns, char ret[PROGRESS_LINE]);
/* "downloading 40 %, 12.0 of 30.0 MiB, 1.2 MiB/s". */
void progress_line(const struct jsn *job, char ret[PROGRESS_LINE]);
/* Is there something that a log, whose last line had this phase and percentage, should hear? */
bool progress_is_news(const struct jsn *job, const char *phase, int percent);
