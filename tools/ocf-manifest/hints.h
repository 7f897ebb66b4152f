/* tools/ocf-manifest/hints.h - what a release engineer can do about an error. */
#pragma once

#include "base/fwerr.h"

/* One line; "" where the name says it all. */
const char *hint_for(enum fw_error e);
