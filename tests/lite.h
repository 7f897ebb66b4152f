/* tests/lite.h - the recorded exchanges of IoTivity-lite's tool and server, read from
 * tests/vectors/ocf/lite-just-works.exchanges. */
#pragma once

#include <stdio.h>

#include "base/parse.h"

#define LITE_MAX      48
#define LITE_BODY_MAX ((size_t)1024)

/* The UUIDs of the recording. */
#define LITE_OBT     "2b8ccdc9-149b-4162-579d-5e5d57d66961"
#define LITE_DEVICE  "000c6b7d-35d5-4125-78b0-f8770e0a22a8" /* before the transfer */
#define LITE_RENAMED "1944475f-c9bf-421c-4ca1-26f1a6580d23"
#define LITE_DOMAIN  "0f587f03-0e84-4f59-447b-800276484530"

struct lite_exchange {
	unsigned datagram, code;
	char way[16], method[8], path[64];
	uint8_t request[LITE_BODY_MAX], answer[LITE_BODY_MAX];
	size_t request_len, answer_len;
};

static inline bool lite_body(const char *hex, uint8_t *ret, size_t *ret_len)
{
	*ret_len = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
	return *ret_len <= LITE_BODY_MAX && hex_decode(span_of(hex, *ret_len * 2), ret, *ret_len);
}

/* The number of exchanges; 0: the file is missing or damaged. */
static inline size_t lite_load(const char *path, struct lite_exchange ret[LITE_MAX])
{
	static char request[2 * LITE_BODY_MAX + 1], answer[2 * LITE_BODY_MAX + 1], line[8192];
	FILE *f = fopen(path, "re");
	size_t n = 0;

	while (f && n < LITE_MAX && fgets(line, sizeof(line), f)) {
		struct lite_exchange *x = &ret[n];

		if (line[0] == '#')
			continue;
		if (sscanf(line, "%u %15s %7s %63s %2048s %u %2048s", &x->datagram, x->way,
			   x->method, x->path, request, &x->code, answer) != 7 ||
		    !lite_body(request, x->request, &x->request_len) ||
		    !lite_body(answer, x->answer, &x->answer_len)) {
			n = 0;
			break;
		}
		n++;
	}
	if (f)
		(void)fclose(f);
	return n;
}

static inline const struct lite_exchange *lite_find(const struct lite_exchange *all, size_t n,
						    unsigned datagram)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].datagram == datagram)
			return &all[i];
	return NULL;
}
