#include "fixed_pin.h"

#include <fcntl.h>
#include <sys/stat.h>

#define FILE_MAX (SVR_PIN_MAX + 2) /* the newline, and one to see that there is more */

static bool is_pin(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.ptr[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z'))
			return false;
	}
	return text.len >= FIXED_PIN_MIN && text.len <= SVR_PIN_MAX;
}

int fixed_pin_load(const char *path, char ret[SVR_PIN_MAX + 1])
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char line[FILE_MAX];
	struct span text;
	struct stat st;
	ssize_t n;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_mode & S_IRWXO)
		return -EACCES;
	n = read(fd, line, sizeof(line));
	if (n < 0)
		return -errno;
	text = span_of(line, (size_t)n);
	if (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	r = is_pin(text) ? span_to_str(text, ret, SVR_PIN_MAX + 1) : -EINVAL;
	explicit_bzero(line, sizeof(line));
	return r < 0 ? -EINVAL : 0;
}
