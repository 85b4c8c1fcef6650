"""Lyrics: words with their lines, and with their times where they are known; what in them is no lyrics.

``read`` reads files and the tags of sounds, ``lyrics`` says what is read, ``tokens`` names what can be switched off,
``leak_screen`` finds what tells the class without being sung.
"""
