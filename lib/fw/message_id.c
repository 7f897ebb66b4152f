#include "fw/message_id.h"

#include <stdio.h>

#include "base/parse.h"
#include "crypto/hash.h"

int message_id(const char *name, char ret[MESSAGE_ID])
{
	uint8_t digest[HASH_MAX];
	char text[128];
	int n = snprintf(text, sizeof(text), "org.ocfgw.Firmware1 %s", name);

	if (n < 0 || (size_t)n >= sizeof(text) ||
	    hash_once(HASH_SHA256, span_of(text, (size_t)n), digest) < 0)
		return -EIO;
	hex_encode(span_of(digest, (MESSAGE_ID - 1) / 2), ret);
	return 0;
}
