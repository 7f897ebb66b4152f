#include "date.h"

#include <endian.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"

#define CLOCK_NAME    "clock" /* 8 octets, big-endian: microseconds since 1970 */
#define SAVE_EACH_US  (3600 * USEC_PER_SEC)
#define LOOK_AFTER_US USEC_PER_SEC

/* When this program was made, or installed. */
static uint64_t program_us(void)
{
	struct stat st;

	return stat("/proc/self/exe", &st) == 0 && st.st_mtime > 0
		       ? (uint64_t)st.st_mtime * USEC_PER_SEC
		       : 0;
}

int date_start(struct date *d, struct store *store, enum date_trust trust)
{
	struct plain record = {CLOCK_NAME, sizeof(uint64_t), 0};
	uint64_t stored = 0;
	int r = plain_get(store, &record, &stored);

	if (r < 0 && r != -ENOENT && r != -EBADMSG)
		return r;
	stored = be64toh(stored);
	*d = (struct date){.trust = trust,
			   .store = store,
			   .bound_us = program_us(),
			   .saved_us = stored,
			   .record = record};
	if (stored > d->bound_us)
		d->bound_us = stored;
	return 0;
}

struct svr_wall date_judge(struct date *d, uint64_t real_us, bool believed)
{
	if (!believed)
		return (struct svr_wall){.us = d->bound_us, .trusted = false};
	if (real_us > d->bound_us)
		d->bound_us = real_us;
	return (struct svr_wall){.us = real_us, .trusted = true};
}

static bool is_believed(struct date *d, uint64_t now_us)
{
	if (d->trust != DATE_AUTO)
		return d->trust == DATE_YES;
	if (d->look_us == 0 || now_us - d->look_us >= LOOK_AFTER_US) {
		d->believed = clock_real_is_kept();
		d->look_us = now_us;
	}
	return d->believed;
}

struct svr_wall date_now(struct date *d, uint64_t now_us)
{
	struct svr_wall wall = date_judge(d, clock_real_us(), is_believed(d, now_us));

	if (wall.trusted && d->bound_us > d->saved_us && d->bound_us - d->saved_us >= SAVE_EACH_US)
		date_save(d);
	return wall;
}

void date_save(struct date *d)
{
	uint64_t octets = htobe64(d->bound_us);

	if (!d->store || d->bound_us <= d->saved_us)
		return;
	d->saved_us = d->bound_us; /* also if it fails: not again at each request */
	if (plain_put(d->store, &d->record, &octets, d->confirmed) < 0)
		log_debug("date: not stored");
}
