#include "fw/freeze.h"

#include "base/clock.h"

enum freeze_verdict freeze_note(struct freeze *f, uint64_t timestamp_us, uint64_t now_s,
				uint64_t max_s)
{
	if (now_s < timestamp_us / USEC_PER_SEC)
		return FREEZE_NONE;
	if (timestamp_us > f->newest_us || f->since_s == 0 || now_s < f->since_s) {
		if (timestamp_us > f->newest_us)
			f->newest_us = timestamp_us;
		f->since_s = now_s;
		f->told_s = 0;
		return FREEZE_NONE;
	}
	if (now_s - f->since_s <= max_s)
		return FREEZE_NONE;
	if (f->told_s != 0 && now_s >= f->told_s && now_s - f->told_s <= max_s)
		return FREEZE_KNOWN;
	f->told_s = now_s;
	return FREEZE_NEWS;
}
