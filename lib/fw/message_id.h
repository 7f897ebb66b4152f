/* lib/fw/message_id.h - MESSAGE_ID= of the journal (sd_journal_print(3)) for how an update ended.
 */
#pragma once

#include "base/mem.h"

#define MESSAGE_ID ((size_t)33) /* 32 hexadecimal digits and the NUL */

/* Of the name of an error (fwerr.h) or of a result ("installed"): the first half of the SHA-256 of
 * "org.ocfgw.Firmware1 " and the name. It is in the catalog that is installed, systemd/. -EIO. */
MUST_USE int message_id(const char *name, char ret[MESSAGE_ID]);
