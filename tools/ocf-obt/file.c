#include "file.h"

#include <fcntl.h>

int file_read(const char *path, struct buf *out)
{
	bool named = strcmp(path, "-") != 0;
	int fd CLEANUP(closep) = named ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	return named && fd < 0 ? -errno : buf_put_file(out, named ? fd : STDIN_FILENO);
}

int file_write(const char *path, struct span data)
{
	bool named = strcmp(path, "-") != 0;
	int fd CLEANUP(closep) =
		named ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	int r;

	if (named && fd < 0)
		return -errno;
	r = span_put_file(data, named ? fd : STDOUT_FILENO);
	if (r < 0)
		return r;
	return named && fsync(fd) < 0 ? -errno : 0;
}
