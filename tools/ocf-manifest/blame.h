/* tools/ocf-manifest/blame.h - which member of a manifest is wrong. */
#pragma once

#include "base/fwerr.h"
#include "codec/jsn.h"

/* cli_refuse() of a payload, with the name of the member where one is at fault. */
void blame(const char *what, struct span payload, enum fw_error e);
