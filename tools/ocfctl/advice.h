/* tools/ocfctl/advice.h - what to do about a failed update. */
#pragma once

#include "base/fwerr.h"

/* The next step, for people; "" for FWE_OK. Never NULL. */
const char *advice_for(enum fw_error e);
/* The exit status of ocfctl for a job that failed with it: one for each group of names. They are
 * API, as the names are. */
int advice_exit(enum fw_error e);
