#include "base/timestamp.h"

#include <stdio.h>

#include "base/clock.h"

#define SECONDS_PER_DAY UINT64_C(86400)

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const unsigned char DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : DAYS[month - 1];
}

/* Days from 1970-01-01 to the first of January. */
static uint64_t year_days(unsigned year)
{
	uint64_t y = year - 1;

	return 365 * (uint64_t)(year - 1970) + (y / 4 - y / 100 + y / 400) - 477;
}

/* n digits at p. */
static bool digits(const uint8_t *p, size_t n, unsigned *ret)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(p[i] - '0');
	}
	*ret = v;
	return true;
}

/* ".123456789" to microseconds; empty is zero. */
static bool parse_fraction(struct span text, unsigned *ret_us)
{
	unsigned v = 0;

	*ret_us = 0;
	if (text.len == 0)
		return true;
	if (text.len < 2 || text.len > 10 || text.ptr[0] != '.' ||
	    !digits(text.ptr + 1, text.len - 1, &v))
		return false;
	for (size_t n = text.len - 1; n < 9; n++)
		v *= 10;
	*ret_us = v / 1000;
	return true;
}

bool timestamp_parse(struct span text, uint64_t *ret_us)
{
	static const char SHAPE[] = "dddd-dd-ddTdd:dd:dd";
	const size_t fixed = sizeof(SHAPE) - 1;
	const uint8_t *p = text.ptr;
	unsigned year, month, day, hour, minute, second, us;
	uint64_t days, minutes;

	if (text.len <= fixed || p[text.len - 1] != 'Z')
		return false;
	for (size_t i = 0; i < fixed; i++) {
		if (SHAPE[i] != 'd' && p[i] != (uint8_t)SHAPE[i])
			return false;
	}
	if (!digits(p, 4, &year) || !digits(p + 5, 2, &month) || !digits(p + 8, 2, &day) ||
	    !digits(p + 11, 2, &hour) || !digits(p + 14, 2, &minute) ||
	    !digits(p + 17, 2, &second) ||
	    !parse_fraction(span_of(p + fixed, text.len - fixed - 1), &us))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month) ||
	    hour > 23 || minute > 59 || second > 59)
		return false;

	days = year_days(year) + day - 1;
	for (unsigned m = 1; m < month; m++)
		days += month_days(year, m);
	minutes = (days * 24 + hour) * 60 + minute;
	*ret_us = (minutes * 60 + second) * USEC_PER_SEC + us;
	return true;
}

/* "+01:00", in microseconds east of Greenwich. */
static bool parse_offset(const uint8_t *p, uint64_t *ret_us)
{
	unsigned hours, minutes;

	if ((p[0] != '+' && p[0] != '-') || p[3] != ':' || !digits(p + 1, 2, &hours) ||
	    !digits(p + 4, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_us = ((uint64_t)hours * 60 + minutes) * 60 * USEC_PER_SEC;
	return true;
}

bool timestamp_parse_offset(struct span text, uint64_t *ret_us)
{
	char utc[TIMESTAMP_TEXT + sizeof(".123456789")];
	uint64_t offset_us = 0, us;
	bool west = false;

	if (text.len < TIMESTAMP_TEXT || text.len > sizeof(utc) + 5)
		return false;
	if ((text.ptr[text.len - 1] | 0x20) == 'z') {
		text.len--;
	} else {
		text.len -= 6;
		west = text.ptr[text.len] == '-';
		if (!parse_offset(text.ptr + text.len, &offset_us))
			return false;
	}
	if (span_to_str(text, utc, sizeof(utc) - 1) < 0)
		return false;
	utc[10] = (char)(utc[10] == 't' ? 'T' : utc[10]);
	utc[text.len] = 'Z';
	if (!timestamp_parse(span_of(utc, text.len + 1), &us) || (!west && us < offset_us))
		return false;
	*ret_us = west ? us + offset_us : us - offset_us;
	return true;
}

void timestamp_format(uint64_t us, char ret[TIMESTAMP_TEXT + 1])
{
	const uint64_t end = year_days(10000) * SECONDS_PER_DAY - 1;
	uint64_t s = us / USEC_PER_SEC < end ? us / USEC_PER_SEC : end;
	uint64_t days = s / SECONDS_PER_DAY;
	unsigned rest = (unsigned)(s % SECONDS_PER_DAY);
	unsigned year = 1970 + (unsigned)(days / 366), month = 1;

	while (days >= year_days(year + 1))
		year++;
	days -= year_days(year);
	while (days >= month_days(year, month))
		days -= month_days(year, month++);
	/* The remainders change nothing; they tell the compiler that it fits. */
	(void)snprintf(ret, TIMESTAMP_TEXT + 1, "%04u-%02u-%02uT%02u:%02u:%02uZ", year % 10000,
		       month % 100, (unsigned)(days + 1) % 100, rest / 3600 % 24, rest / 60 % 60,
		       rest % 60);
}
