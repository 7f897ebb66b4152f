#include "approved.h"

#include "file.h"
#include "state.h"

int approved_load(struct approved *a, const char *path)
{
	int r;

	*a = (struct approved){.text = BUF_INIT(APPROVED_OCTETS_MAX)};
	r = file_read(path, &a->text);
	buf_put_byte(&a->text, '\n');
	if (r < 0 || !buf_ok(&a->text)) {
		approved_done(a);
		return r < 0 ? r : -EFBIG;
	}
	for (size_t i = 0; i < a->text.len; i++)
		if (a->text.ptr[i] == '\n')
			a->text.ptr[i] = '\0';
	return 0;
}

bool approved_has(const struct approved *a, const struct uuid *device, const char *name)
{
	for (size_t at = 0; at < a->text.len;) {
		const char *line = (const char *)a->text.ptr + at;

		if (*line && *line != '#' && state_matches(line, device, name))
			return true;
		at += strlen(line) + 1;
	}
	return false;
}

void approved_done(struct approved *a)
{
	buf_done(&a->text);
}
