#include "file.h"

#include <fcntl.h>

int file_read(const char *path, struct buf *out)
{
	bool named = strcmp(path, "-") != 0;
	int fd CLEANUP(closep) = named ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	uint8_t chunk[4096];
	ssize_t n;

	if (named && fd < 0)
		return -errno;
	while (buf_ok(out) && (n = read(named ? fd : STDIN_FILENO, chunk, sizeof(chunk))) != 0) {
		if (n < 0)
			return -errno;
		buf_put(out, span_of(chunk, (size_t)n));
	}
	explicit_bzero(chunk, sizeof(chunk));
	return buf_ok(out) ? 0 : -EFBIG;
}

int file_write(const char *path, struct span data)
{
	bool named = strcmp(path, "-") != 0;
	int fd CLEANUP(closep) =
		named ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;

	if (named && fd < 0)
		return -errno;
	while (data.len > 0) {
		ssize_t n = write(named ? fd : STDOUT_FILENO, data.ptr, data.len);

		if (n < 0)
			return -errno;
		data = span_skip(data, (size_t)n);
	}
	return named && fsync(fd) < 0 ? -errno : 0;
}
