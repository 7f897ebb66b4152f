/* A configuration that is refused says why; one that is taken keeps its numbers in bounds. */
#include "fuzz.h"

#include <stdlib.h>

#include "codec/conf.h"

struct target {
	char text[16];
	uint32_t number;
	int word;
};

static const char *const WORDS[] = {"one", "two", NULL};

#define CONF_TARGET struct target
static const struct conf_option OPTIONS[] = {
	OPTION_TEXT("S", "Text", text, NULL, NULL),
	OPTION_NUMBER("S", "Number", number, 5, 9),
	OPTION_ENUM("S", "Word", word, WORDS),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target t = {.number = 5};
	char error[256] = "";
	int r = conf_parse(span_of(data, size), "f", OPTIONS, ARRAY_SIZE(OPTIONS), &t, error,
			   sizeof(error));

	if ((r == -EINVAL) != (error[0] != '\0') || t.number < 5 || t.number > 9 || t.word > 1 ||
	    strnlen(t.text, sizeof(t.text)) == sizeof(t.text))
		abort();
	return r;
}
