"""The kinds of object that voiceform manages, one package each."""
