"""Plans and how they are carried out, for every kind alike."""
