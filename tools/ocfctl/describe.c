/* ocfctl fw describe: what a manifest says, without installing anything. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "outcome.h"

struct description {
	struct jsn *o, *images;
	struct jsn *image; /* the one at hand, or NULL */
};

static void on_member(void *arg, const char *key, const struct client_value *value)
{
	struct description *d = arg;

	if (!key)
		return;
	if (value->type == '{')
		jsn_add(d->images, d->image = jsn_new_object());
	else if (value->type == '}')
		d->image = NULL;
	else
		ctl_collect(d->image ? d->image : d->o, key, value);
}

static void print_row(const char *label, const char *value)
{
	if (value[0])
		(void)printf("%-14s%s\n", label, value);
}

static void print_date(const char *label, const struct jsn *v)
{
	time_t t = (time_t)jsn_int(v);
	char when[32];
	struct tm tm;

	if (t > 0 && gmtime_r(&t, &tm) && strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%SZ", &tm))
		print_row(label, when);
}

static void print_number(const char *label, const struct jsn *v)
{
	if (jsn_int(v) > 0)
		(void)printf("%-14s%lld\n", label, (long long)jsn_int(v));
}

static void print_description(const struct description *d)
{
	static const char *const TEXTS[][2] = {
		{"Verdict",   "verdict"          },
                {"Manifest",  "digest"           },
                {"Signed by", "signer"           },
		{"Severity",  "severity"         },
                {"Source",    "source"           },
                {"From",      "url"              },
		{"Notes",     "release-notes"    },
                {"More",      "release-notes-uri"},
	};

	(void)printf("%-14s%s %s, version %s\n", "For", ctl_text(d->o, "manufacturer"),
		     ctl_text(d->o, "model"), ctl_text(d->o, "version"));
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++)
		print_row(TEXTS[i][0], ctl_text(d->o, TEXTS[i][1]));
	print_number("Sequence", jsn_get(d->o, "sequence"));
	print_number("Security", jsn_get(d->o, "security-version"));
	print_date("Made", jsn_get(d->o, "timestamp"));
	print_date("Expires", jsn_get(d->o, "expires"));
	for (size_t i = 0; i < jsn_len(d->images); i++) {
		const struct jsn *image = jsn_at(d->images, i);

		(void)printf("%-14s%s, %lld octets, %s\n", "Image", ctl_text(image, "component"),
			     (long long)jsn_int(jsn_get(image, "size")), ctl_text(image, "digest"));
	}
}

enum ctl_exit ctl_fw_describe(struct ctl *ctl)
{
	static const char VERB[] = "fw describe";
	CLEANUP(closep) int fd = -1;
	struct client_option options[3];
	struct client_in in = {.kind = CLIENT_OPTIONS, .options = options};
	struct description d = {.o = jsn_new_object(), .images = jsn_new_array()};
	struct client_error error = {0};
	int r;

	if (ctl->n_words > 0) {
		fd = open(ctl->words[0], O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			(void)fprintf(stderr, "ocfctl: %s: %s: %s\n", VERB, ctl->words[0],
				      strerror(errno));
			return CTL_FAILED;
		}
		options[in.n_options++] =
			(struct client_option){.key = "manifest", .type = 'h', .fd = fd};
	}
	if (ctl->fw.source)
		options[in.n_options++] = (struct client_option){
			.key = "source", .type = 's', .text = ctl->fw.source};
	if (ctl->fw.url)
		options[in.n_options++] =
			(struct client_option){.key = "url", .type = 's', .text = ctl->fw.url};
	r = client_call(ctl->client, &CTL_FIRMWARE, "Describe", &in, on_member, &d, &error);
	if (r == 0 && !ctl->json)
		print_description(&d);
	jsn_set(d.o, "images", d.images);
	if (r == 0 && ctl->json)
		ctl_print_json(jsn_copy(d.o));
	(void)jsn_free(d.o);
	return r < 0 ? outcome_of_call(ctl, VERB, r, &error) : CTL_OK;
}
