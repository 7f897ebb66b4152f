#include "create_options.h"

#include "base/clock.h"
#include "base/parse.h"
#include "base/timestamp.h"
#include "fw/chunks.h"
#include "fw/discover.h"

#define DAY_US     (UINT64_C(86400) * USEC_PER_SEC)
#define DISTANT_US (732 * DAY_US) /* expires further ahead is odd */
#define DAYS_MAX   36500u
#define EPOCH_MAX  UINT64_C(253402300799) /* the end of the year 9999 */

static bool read_algs(struct draft *d)
{
	const struct cli_values *names = cli_values(d->cli, "digest");

	d->algs = names->n == 0 ? HASH_BIT(HASH_SHA256) : 0;
	for (size_t i = 0; i < names->n; i++) {
		enum hash_alg alg;

		if (!hash_from_name(span_str(names->at[i]), &alg)) {
			cli_say("--digest: want sha256, sha384 or sha512");
			return false;
		}
		d->algs |= HASH_BIT(alg);
	}
	return true;
}

/* Now, or the time that a reproducible build is given. */
static bool read_timestamp(struct draft *d)
{
	const char *text = cli_value(d->cli, "timestamp"), *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t seconds;

	d->timestamp_us = clock_real_us();
	if (text && !timestamp_parse(span_str(text), &d->timestamp_us)) {
		cli_say("--timestamp: want a date as 2026-06-01T12:00:00Z");
		return false;
	}
	if (text || !epoch)
		return true;
	if (!parse_u64(span_str(epoch), &seconds) || seconds > EPOCH_MAX) {
		cli_say("SOURCE_DATE_EPOCH: want seconds since 1970");
		return false;
	}
	d->timestamp_us = seconds * USEC_PER_SEC;
	return true;
}

/* Each --encryption must belong to one image: what it was made for would go out in plain. */
static bool encryption_fits(const struct cli *cli)
{
	const struct cli_values *infos = cli_values(cli, "encryption");
	const struct cli_values *images = cli_values(cli, "image");
	size_t hits[CLI_VALUES_MAX] = {0};

	if (images->n == 0) {
		if (infos->n > 1)
			cli_say("--encryption: one is enough for one IMAGE");
		return infos->n <= 1;
	}
	for (size_t i = 0; i < infos->n; i++) {
		struct span path = span_str(infos->at[i]), name = span_cut(&path, '=');
		size_t k = 0;

		while (k < images->n &&
		       (strncmp(images->at[k], infos->at[i], name.len + 1) != 0 || hits[k] > 0))
			k++;
		if (k == images->n || !path.ptr) {
			cli_say("--encryption %s: want NAME=FILE, one for an --image of that NAME",
				infos->at[i]);
			return false;
		}
		hits[k]++;
	}
	return true;
}

/* A date, or days from the timestamp on. */
static bool read_expires(struct draft *d)
{
	struct span text = span_str(cli_value(d->cli, "expires"));
	uint32_t days;

	if (!text.ptr)
		return true;
	if (text.len > 1 && text.ptr[text.len - 1] == 'd' &&
	    parse_u32(span_of(text.ptr, text.len - 1), &days) && days <= DAYS_MAX) {
		d->expires_us = d->timestamp_us + days * DAY_US;
	} else if (!timestamp_parse(text, &d->expires_us)) {
		cli_say("--expires: want a date as 2027-06-01T00:00:00Z, or days as 365d, up to %u",
			DAYS_MAX);
		return false;
	}
	if (d->expires_us > clock_real_us() + DISTANT_US)
		cli_warn("expires more than two years ahead");
	if (d->expires_us <= clock_real_us())
		cli_warn("expired already: sign will refuse it");
	return true;
}

/* What jsn would leave out. */
static bool are_texts(const struct cli *cli)
{
	for (size_t i = 0; i < cli->verb->n_options; i++) {
		for (size_t k = 0; k < cli->values[i].n; k++) {
			if (span_is_utf8(span_str(cli->values[i].at[k])))
				continue;
			cli_say("--%s: want UTF-8", cli->verb->options[i].name);
			return false;
		}
	}
	return true;
}

/* What devices can be called, see ocf-fwupd.conf. */
static bool are_names(const struct cli *cli)
{
	if (discover_name_is_valid(span_str(cli_value(cli, "manufacturer"))) &&
	    discover_name_is_valid(span_str(cli_value(cli, "model"))))
		return true;
	cli_say("--manufacturer and --model are parts of a path: not empty, no / and no \\");
	return false;
}

static bool agree(const struct cli *cli)
{
	if ((cli_values(cli, "image")->n > 0) == (cli->n_operands > 0)) {
		cli_say("want either one IMAGE or --image NAME=FILE for each of several");
		return false;
	}
	if (cli_value(cli, "direct") &&
	    (cli_value(cli, "location") || cli_values(cli, "image")->n > 0)) {
		cli_say("--direct is for one IMAGE, which then has no location");
		return false;
	}
	if (cli_value(cli, "chunks") &&
	    (cli_value(cli, "direct") || cli_values(cli, "encryption")->n > 0)) {
		cli_say("--chunks is for images that can be fetched in parts: neither --direct nor "
			"--encryption");
		return false;
	}
	return true;
}

bool draft_read(const struct cli *cli, struct draft *d)
{
	const char *chunks = cli_value(cli, "chunks");

	d->cli = cli;
	d->chunk = CHUNKS_OCTETS;
	return agree(cli) && are_texts(cli) && are_names(cli) && encryption_fits(cli) &&
	       read_algs(d) && read_timestamp(d) && read_expires(d) &&
	       cli_number(cli, "sequence", MANIFEST_UINT_MAX, &d->sequence) &&
	       cli_number(cli, "security-version", UINT32_MAX, &d->security) &&
	       (!chunks || *chunks == '\0' ||
		cli_number(cli, "chunks", CHUNKS_OCTETS_MAX, &d->chunk));
}
