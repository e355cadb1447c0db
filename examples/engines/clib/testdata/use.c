/* Styles a small frame through the library; main_test.go runs it. */
#include <stdio.h>
#include <string.h>
#include "libimpasto.h"

int main(int argc, char **argv) {
	char message[200] = "";
	unsigned char src[16 * 12 * 4], dst[16 * 12 * 4];
	if (ImpastoOpen("no such file.pth", message, sizeof message) != 0 || !strstr(message, "no such file.pth"))
		return 1;
	if (ImpastoOpen("no such file.pth", NULL, 0) != 0 || ImpastoOpen(NULL, message, 8) != 0 || strlen(message) != 7)
		return 2;
	int64_t h = ImpastoOpen(argv[1], message, sizeof message);
	if (h == 0) {
		puts(message);
		return 3;
	}
	for (int i = 0; i < (int)sizeof src; i++)
		src[i] = i % 4 == 3 ? 255 : i * 7;
	if (ImpastoStylizeRGBA(h, dst, src, 16, 12, 8, 1, message, sizeof message) || !strstr(message, "stride 8"))
		return 4;
	if (ImpastoStylizeRGBA(h + 1, dst, src, 16, 12, 64, 1, message, sizeof message) ||
	    ImpastoStylizeRGBA(h, NULL, src, 16, 12, 64, 1, message, sizeof message) ||
	    ImpastoStylizeRGBA(h, dst, src, 16, 12, 64, 2, message, sizeof message))
		return 5;
	if (!ImpastoStylizeRGBA(h, dst, src, 16, 12, 64, 1, message, sizeof message)) {
		puts(message);
		return 6;
	}
	for (int i = 0; i < (int)sizeof dst; i++)
		printf("%02x", dst[i]);
	ImpastoClose(h);
	ImpastoClose(h);
	return ImpastoStylizeRGBA(h, dst, src, 16, 12, 64, 1, message, sizeof message) ? 7 : 0;
}
