#include "base/clock.h"
#include "files.h"
#include "verbs.h"

const char *url_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (const char *p = name; *p != '\0'; p++) {
		if (!(*p >= '0' && *p <= '9') && !((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') &&
		    !strchr("._~-", *p))
			name = "";
	}
	if (*name == '\0' || *name == '.')
		cli_say("%s: rename it: its name would need escapes in a URL", path);
	return *name == '\0' || *name == '.' ? NULL : name;
}

int json_read(const char *path, size_t bytes, unsigned depth, struct jsn **ret)
{
	const struct jsn_limits limits = {.bytes = bytes, .depth = depth};
	struct buf text = BUF_INIT(bytes);
	int r = files_read(path, &text);

	if (r < 0) {
		cli_say("%s: %s", path, strerror(-r));
	} else if (jsn_parse(buf_span(&text), &limits, ret) != JSN_OK) {
		cli_say("%s: not strict JSON of at most %zu octets", path, bytes);
		r = -EBADMSG;
	}
	buf_done(&text);
	return r;
}

int json_write(const char *path, const struct jsn *v, enum jsn_style style, unsigned mode)
{
	struct buf text = {.max = JWK_FILE_MAX + 6 * MANIFEST_BYTES_MAX, /* an escape has six */
			   .secret = mode == FILES_SECRET};
	int r = v ? jsn_write(v, style, &text) : -ENOMEM;

	buf_put_byte(&text, '\n');
	if (r == 0)
		r = buf_ok(&text) ? 0 : -ENOMEM;
	if (r == 0)
		r = mode == FILES_SECRET ? files_create(path, buf_span(&text), mode)
					 : files_write(path, buf_span(&text), mode);
	buf_done(&text);
	if (r < 0)
		cli_say("%s: %s", path, strerror(-r));
	else if (strcmp(path, "-") == 0)
		cli_answered();
	return r;
}

enum cli_exit json_print(struct jsn *v)
{
	int r = json_write("-", v, JSN_PRETTY, FILES_PUBLIC);

	(void)jsn_free(v);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

static const char *out_path(const struct cli *cli)
{
	return cli_value(cli, "out") ? cli_value(cli, "out") : "-";
}

int output_report(const struct cli *cli, const char *path)
{
	struct jsn *report;

	if (!cli->json || strcmp(path, "-") == 0)
		return 0;
	report = jsn_new_object();
	jsn_set_str(report, "out", path);
	return json_print(report) == CLI_OK ? 0 : -EIO;
}

int output_octets(const struct cli *cli, struct span octets)
{
	int r = files_write(out_path(cli), octets, FILES_PUBLIC);

	if (r < 0)
		cli_say("%s: %s", out_path(cli), strerror(-r));
	return r < 0 ? r : output_report(cli, out_path(cli));
}

int output_json(const struct cli *cli, const struct jsn *v, enum jsn_style style)
{
	int r = json_write(out_path(cli), v, style, FILES_PUBLIC);

	return r < 0 ? r : output_report(cli, out_path(cli));
}

bool devices_take(const struct manifest *m, const struct trust *trust, const struct enc_ring *ring,
		  unsigned threshold, struct span octets)
{
	const struct fw_context ctx = {
		.manufacturer = m->manufacturer,
		.model = m->model,
		.hardware = m->hardware ? jsn_str(jsn_at(m->hardware, 0)) : NULL,
		.clock_trusted = true,
		.now_us = clock_real_us(),
		.direct = m->direct,
		.threshold = threshold,
		.ring = ring,
	};
	struct fw_judgement j;
	enum fw_error e;

	fw_judge(&ctx, trust, octets, &j);
	e = j.error == FWE_MANIFEST_PRECURSOR_MISMATCH ? FWE_OK : j.error;
	if (j.warning != FWE_OK)
		cli_warn("%s", fw_error_name(j.warning));
	fw_judgement_done(&j);
	if (e == FWE_OK)
		e = plan_check(m, BASE_URL);
	if (e != FWE_OK)
		cli_refuse("devices would refuse it", e);
	return e == FWE_OK;
}
