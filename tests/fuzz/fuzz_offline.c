/* Whatever a URL says, the file that it means has no way up. */
#include "fuzz.h"

#include <stdlib.h>

#include "fw/offline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char file[OFFLINE_PATH], url[URL_MAX + 1], again[OFFLINE_PATH];
	struct span text = span_of(data, size);

	if (!offline_folder(text, file) && !offline_file(text, file))
		return 0;
	if (file[0] != '/' || strstr(file, "/../") || strstr(file, "/./"))
		abort();
	if (offline_base(file, url) && (!offline_file(span_str(url), again) || strcmp(file, again)))
		abort();
	return 0;
}
