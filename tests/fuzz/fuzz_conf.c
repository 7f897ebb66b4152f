/* A configuration that is refused says why; one that is taken keeps its numbers in bounds. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const WORDS[] = {"one", "two", NULL};
	struct {
		char text[16];
		uint32_t number;
		int word;
	} t = {.number = 5};
	const struct conf_option options[] = {
		{.section = "S",   .name = "Text", .size = sizeof(t.text)},
		{ .section = "S",
		 .name = "Number",
		 .kind = CONF_U32,
		 .min = 5,
		 .max = 9,
		 .offset = (size_t)((uint8_t *)&t.number - (uint8_t *)&t)},
		{   .section = "S",
		 .name = "Word",
		 .kind = CONF_ENUM,
		 .words = WORDS,
		 .offset = (size_t)((uint8_t *)&t.word - (uint8_t *)&t)},
	};
	char error[256] = "";
	int r = conf_parse(span_of(data, size), "f", options, ARRAY_SIZE(options), &t, error,
			   sizeof(error));

	if ((r == -EINVAL) != (error[0] != '\0') || t.number < 5 || t.number > 9 || t.word > 1 ||
	    strnlen(t.text, sizeof(t.text)) == sizeof(t.text))
		abort();
	return r;
}
