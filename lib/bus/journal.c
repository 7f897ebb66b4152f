#include "bus/journal.h"

#include <assert.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#define FIELD_ROOM ((size_t)512)

/* The variable alone is inherited by whatever we are started from. */
bool journal_is_there(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	(void)snprintf(ours, sizeof(ours), "%lu:%lu", (unsigned long)st.st_dev,
		       (unsigned long)st.st_ino);
	return strcmp(stream, ours) == 0;
}

static struct iovec field(char room[FIELD_ROOM], const char *name, const char *value)
{
	int n = snprintf(room, FIELD_ROOM, "%s=%s", name, value);

	return (struct iovec){room, n < (int)FIELD_ROOM ? (size_t)n : FIELD_ROOM - 1};
}

int journal_send(int priority, const char *message, const struct journal_field *fields, size_t n)
{
	char room[2 + JOURNAL_FIELDS_MAX][FIELD_ROOM], level[4];
	struct iovec iov[2 + JOURNAL_FIELDS_MAX];
	size_t count = 0;

	assert(n <= JOURNAL_FIELDS_MAX);
	(void)snprintf(level, sizeof(level), "%d", priority % 8);
	iov[count] = field(room[count], "MESSAGE", message);
	count++;
	iov[count] = field(room[count], "PRIORITY", level);
	count++;
	for (size_t i = 0; i < n; i++)
		if (fields[i].value) {
			iov[count] = field(room[count], fields[i].name, fields[i].value);
			count++;
		}
	return sd_journal_sendv(iov, (int)count);
}
