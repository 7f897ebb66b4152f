#include "progress.h"

#include <stdio.h>

#define BAR_MAX    28u
#define LOG_STEP   10 /* percent */
#define MIB        (1024.0 * 1024.0)
#define USEC       1000000
#define ETA_MAX_US (INT64_C(100) * 3600 * USEC) /* longer is no forecast */

static int64_t number(const struct jsn *job, const char *name)
{
	return jsn_int(jsn_get(job, name));
}

static const char *phase_of(const struct jsn *job)
{
	const char *phase = jsn_str(jsn_get(job, "Phase"));

	return phase ? phase : "";
}

static int percent_of(const struct jsn *job)
{
	int64_t percent = number(job, "Percent");

	return percent < 0 ? 0 : percent > 100 ? 100 : (int)percent;
}

/* "12.3 of 30.0 MiB", "12.3 MiB" or "". */
static void format_octets(const struct jsn *job, char *ret, size_t room)
{
	double done = (double)number(job, "BytesDone") / MIB;
	double total = (double)number(job, "BytesTotal") / MIB;

	ret[0] = '\0';
	if (total > 0)
		(void)snprintf(ret, room, "%.1f of %.1f MiB", done, total);
	else if (done > 0)
		(void)snprintf(ret, room, "%.1f MiB", done);
}

static void format_rate(const struct jsn *job, char *ret, size_t room)
{
	int64_t rate = number(job, "Rate");

	ret[0] = '\0';
	if (rate > 0)
		(void)snprintf(ret, room, "%.*f %s/s", rate >= 10240 ? 1 : 0,
			       (double)rate / (rate >= 10240 ? MIB : 1),
			       rate >= 10240 ? "MiB" : "octets");
}

static void format_eta(const struct jsn *job, char *ret, size_t room)
{
	const struct jsn *eta = jsn_get(job, "Eta");
	int64_t s = jsn_int(eta) / USEC;

	ret[0] = '\0';
	if (jsn_type(eta) != JSN_INT || jsn_int(eta) <= 0 || jsn_int(eta) > ETA_MAX_US)
		return;
	if (s >= 3600)
		(void)snprintf(ret, room, "%d:%02d:%02d left", (int)(s / 3600), (int)(s / 60 % 60),
			       (int)(s % 60));
	else
		(void)snprintf(ret, room, "%d:%02d left", (int)(s / 60), (int)(s % 60));
}

struct parts {
	char octets[40], rate[32], eta[32];
};

static struct parts parts_of(const struct jsn *job)
{
	struct parts p = {0};

	format_octets(job, p.octets, sizeof(p.octets));
	format_rate(job, p.rate, sizeof(p.rate));
	format_eta(job, p.eta, sizeof(p.eta));
	return p;
}

static void append(char ret[PROGRESS_LINE], const char *between, const char *text)
{
	size_t n = strlen(ret);

	if (text[0])
		(void)snprintf(ret + n, PROGRESS_LINE - n, "%s%s", between, text);
}

void progress_bar(const struct jsn *job, unsigned columns, char ret[PROGRESS_LINE])
{
	const struct parts p = parts_of(job);
	const int percent = percent_of(job);
	char tail[PROGRESS_LINE] = "", bar[BAR_MAX + 1];
	unsigned fixed, room, filled;

	append(tail, "  ", p.octets);
	append(tail, "  ", p.rate);
	append(tail, "  ", p.eta);
	fixed = (unsigned)snprintf(ret, PROGRESS_LINE, "%-12.30s [] %3d %%%s", phase_of(job),
				   percent, tail);
	room = columns > fixed ? columns - fixed : 0;
	room = room > BAR_MAX ? BAR_MAX : room;
	filled = room * (unsigned)percent / 100;
	memset(bar, '-', room);
	memset(bar, '#', filled);
	bar[room] = '\0';
	(void)snprintf(ret, PROGRESS_LINE, "%-12.30s [%s] %3d %%%s", phase_of(job), bar, percent,
		       tail);
	if (columns < PROGRESS_LINE)
		ret[columns] = '\0';
}

void progress_line(const struct jsn *job, char ret[PROGRESS_LINE])
{
	const struct parts p = parts_of(job);

	(void)snprintf(ret, PROGRESS_LINE, "%.30s", phase_of(job));
	if (percent_of(job) > 0 && number(job, "BytesTotal") > 0) {
		size_t n = strlen(ret);

		(void)snprintf(ret + n, PROGRESS_LINE - n, " %d %%", percent_of(job));
		append(ret, ", ", p.octets);
		append(ret, ", ", p.rate);
	}
}

bool progress_is_news(const struct jsn *job, const char *phase, int percent)
{
	return phase_of(job)[0] != '\0' && (strcmp(phase, phase_of(job)) != 0 ||
					    percent_of(job) / LOG_STEP != percent / LOG_STEP);
}
