#include "catalog.h"

#include "advice.h"
#include "fw/message_id.h"

/* Good ends that are worth an entry. */
static const struct {
	const char *name, *subject, *text;
} RESULTS[] = {
	{"update-available", "Newer firmware is available",
	 "`ocfctl fw describe` shows what it is, `ocfctl fw install` installs it."                },
	{"downloaded",       "Newer firmware was downloaded and verified",
	 "`ocfctl fw install` makes it the current one."                                          },
	{"installed",        "Newer firmware was installed",
	 "Version @OCFGW_VERSION@ starts with the next boot, or runs already: `ocfctl fw status`."},
	{"confirmed",        "New firmware was confirmed",
	 "Version @OCFGW_VERSION@ has proved itself and stays."                                   },
};

static void write_entry(struct buf *out, const char *name, const char *subject, const char *more,
			const char *text)
{
	char id[MESSAGE_ID];

	if (message_id(name, id) < 0) {
		out->failed = true;
		return;
	}
	buf_printf(out,
		   "\n-- %s\nSubject: %s%s\nDefined-By: ocfgw\n"
		   "Documentation: man:ocfctl(1) man:ocf-fwupd(8)\n\n%s\n",
		   id, subject, more, text);
}

void catalog_write(struct buf *out)
{
	buf_put_str(out, "# How firmware updates end. Made of tools/ocfctl/advice.c by "
			 "tests/unit/test_catalog.\n");
	for (size_t i = 0; i < ARRAY_SIZE(RESULTS); i++)
		write_entry(out, RESULTS[i].name, RESULTS[i].subject, "", RESULTS[i].text);
	for (unsigned i = 1; i < FWE_COUNT; i++)
		write_entry(out, fw_error_name((enum fw_error)i),
			    "Firmware update failed: ", fw_error_name((enum fw_error)i),
			    advice_for((enum fw_error)i));
}
