package imageio

import (
	"slices"
	"strings"
)

// litter are files and folders that systems and programs leave among a user's
// own, in lower case.
var litter = []string{
	".ds_store", ".appledouble", ".spotlight-v100", ".trashes", ".fseventsd", "__macosx", // macOS
	"thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information", // Windows
	"lost+found", ".thumbnails", ".directory", ".trash", // Linux
	"@eadir", "#recycle", // network storage
	".git", ".ipynb_checkpoints", "__pycache__", // tools
}

// Litter reports whether name, one element of a path, is that of a file or folder
// which an operating system, a storage device or a tool made beside the user's
// own: macOS's ._NAME (AppleDouble) and __MACOSX, Thumbs.db, @eaDir,
// .ipynb_checkpoints and the like. Such files may end in .jpg without being
// pictures, or be thumbnails of others.
func Litter(name string) bool {
	return strings.HasPrefix(name, "._") || strings.HasPrefix(name, ".Trash-") ||
		slices.Contains(litter, strings.ToLower(name))
}
