#include <fcntl.h>
#include <sys/resource.h>

#include "files.h"
#include "verbs.h"

/* No file that is opened later may come to stand for a standard stream that the caller has closed;
 * using that one still fails. */
static void hold_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
	}
}

int main(int argc, char *argv[])
{
	static const struct cli_verb *const VERBS[] = {
		&VERB_KEY_GENERATE,   &VERB_KEY_PUBLIC,
		&VERB_KEY_THUMBPRINT, &VERB_KEY_TRUST,
		&VERB_KEY_INFO,       &VERB_CREATE,
		&VERB_CONVERT,        &VERB_SIGN,
		&VERB_SIGN_INPUT,     &VERB_ATTACH_SIGNATURE,
		&VERB_VERIFY,         &VERB_SHOW,
		&VERB_DIFF,           &VERB_ENCRYPT,
		&VERB_DECRYPT,        &VERB_ENCRYPT_IMAGE,
		&VERB_PUBLISH,
	};

	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* it would hold keys */
	hold_standard_streams();
	files_guard_drafts();
	return (int)cli_main(argc, argv, VERBS, ARRAY_SIZE(VERBS));
}
